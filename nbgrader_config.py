"""nbgrader's configuration: this repository is the course directory."""

from pathlib import Path

c = get_config()  # put here by traitlets

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "deep-learning"
# nbgrader copies every file beside a source notebook into the release, so the hand-written
# percent-format lessons, solutions and all, must not lie there: `make source` builds this folder
c.CourseDirectory.source_directory = "build/source"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"

c.ClearSolutions.code_stub = {
    "python": '# YOUR CODE HERE\nraise NotImplementedError("not written yet")'
}
c.GenerateAssignment.exporter_class = "autograder.desk.plugins.generate.BuiltAside"
c.GenerateAssignment.preprocessors = [
    "autograder.desk.plugins.judging.CheckMarkers",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    # before anything is saved: a refusal changes nothing
    "autograder.desk.plugins.judging.ProveRelease",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# both show nbgrader, which copies and follows whatever lies beside a notebook, nothing else
c.Autograde.exporter_class = "autograder.desk.plugins.exporters.RepairingExporter"
c.GenerateFeedback.exporter_class = "autograder.desk.plugins.exporters.FeedbackExporter"
# the exporter keeps the students' plots for whoever grades the written answer, hence no ClearOutput
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# the judge stands where `Execute` stands by default: no student code runs in a kernel
c.Autograde.autograde_preprocessors = [
    "autograder.desk.plugins.judging.Judge",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# late work costs what offering.toml says, however it came
c.AssignLatePenalties.plugin_class = "autograder.desk.submissions.lateness.OfferingPenalty"

# the server's clock says when a submission came, not a file that the student wrote
c.ExchangeFactory.collect = "autograder.desk.submissions.clock.ServerTimeCollect"
c.ExchangeFactory.release_feedback = "autograder.desk.plugins.handback.CompleteReleaseFeedback"

c.ExportApp.plugin_class = "autograder.desk.marks.export.SafeCsv"
# what students wrote may hold scripts, and look like a score; pages would load MathJax from afar
c.HTMLExporter.preprocessors = [
    "autograder.desk.pages.page.Framed",
    "autograder.desk.by_hand.scheme.SchemeBeside",  # in Formgrader
]
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "clean_html": "autograder.desk.pages.page.safe_html",
    "markdown2html": "autograder.desk.pages.page.safe_markdown",
    "highlight_code": "autograder.desk.pages.page.visible_code",
}
