"""The course corpus: English–French sentence pairs, their loader, vocabulary and batches."""
