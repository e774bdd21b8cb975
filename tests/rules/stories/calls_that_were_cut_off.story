# A call that a crash cut off is never redialled silently: it is journalled as such, and its candidate called later.
given a plan of 5 experts at 09:00
given phones sip-1 sip-2
given a seeded draw of 5 from 9
given the notice is ready
-> calls 1@sip-1 2@sip-2
phones: 2 ends attends
app: restart
given phones sip-1 sip-2
-> event call_ended attempt=a000001 end={"end":"interrupted"}
-> standing 2 accepted
-> calls 3@sip-1 4@sip-2
# half a minute later, as it did not end by him
phones: 3 ends answered_late
phones: 4 ends declines
phones: 4 ends hung_up
-> calls 5@sip-1 6@sip-2
phones: 5 ends cancelled
phones: 6 ends attends
phones: 6 ends hung_up
07:01
-> calls 1@sip-1 3@sip-2
phones: 1 ends attends
phones: 1 ends hung_up
phones: 3 ends attends
phones: 3 ends hung_up
-> calls 5@sip-1
phones: 5 ends attends
-> phase convened
