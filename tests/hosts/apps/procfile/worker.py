import signal
import time

from database import run

going = [True]
signal.signal(signal.SIGTERM, lambda *_: going.clear())
while going:
    run("UPDATE notes SET written = TRUE WHERE NOT written")
    time.sleep(0.3)
