# Before the start: 2 hours, then the tenderer decides. During evaluation: 4 hours, then only an end is left.
given check-in of 5 experts at 09:00
08:00 technician: declare outage cause="link down"
technician: declare outage cause=again
-> refused outage_lasts
08:30 technician: record tenderer waits
-> refused outage_lasts
10:01
-> event outage_time_expired
technician: record tenderer waits
-> event tenderer_waits
11:00 technician: end outage
technician: end outage
-> refused no_outage
technician: confirm sign in
media: all recorded
technician: confirm recording
supervisor: authorise start
technician: start session
11:30 technician: suspend session cause=outage reason="power is out"
-> phase suspended
# the box was off meanwhile: the clock goes on by wall time
media: restart
14:00 technician: resume session
-> phase in_session
14:05 technician: suspend session cause=outage reason="power is out again"
18:06
-> event outage_time_expired
technician: resume session
-> refused outage_too_long
supervisor: resume session
-> refused outage_too_long
supervisor: abort session typed=S-1 reason="four hours without power"
-> phase aborted
