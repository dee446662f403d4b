"""The container's log: drivers that write it (in the shim) and readers for it (in the daemon).

open_log(log)            a writer for a driver; the shim feeds it what it reads from stdout and stderr
LogReader(log, ...)      entries or bare payloads, from the start, a time or the last N, then what is new
lines, jsonfile, local   pure: bytes to entries and back
rotation                 files that are renamed, compressed and deleted as they fill
"""
