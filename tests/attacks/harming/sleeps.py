# aim: a grader that waits for ever, with no processor time to count
# pays: time
import time

time.sleep(10**6)
