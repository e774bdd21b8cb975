# What is the line's fault never counts against a candidate; three in a row, and the line rests.
given a plan of 5 experts at 09:00
given phones sip-1 sip-2
given a seeded draw of 5 from 9
given the notice is ready
-> calls 1@sip-1 2@sip-2
phones: 1 ends fault
-> standing 1 waiting
-> calls 2@sip-2
07:01
-> calls 1@sip-1 2@sip-2
phones: 1 ends fault
07:02
phones: 1 ends fault
-> event line_rested line=sip-1
07:20
-> calls 2@sip-2
phones: 2 ends auth
-> event line_rested line=sip-2
-> standing 2 waiting
-> calls none
08:30
-> calls none
technician: retry line line=sip-1
-> calls 1@sip-1
phones: 1 ends no_answer
-> calls 2@sip-1
phones: 2 ends busy
-> calls 3@sip-1
phones: 3 ends attends
phones: 3 ends hung_up
phones: 4 ends attends
phones: 4 ends hung_up
phones: 5 ends attends
phones: 5 ends hung_up
# both wait for the other line, which rests; the supervisor may do without
08:50
-> calls none
-> standing 1 waiting
technician: allow single line
-> refused not_your_role
supervisor: allow single line
-> calls 1@sip-1
phones: 1 ends no_answer
-> event candidate_given_up candidate=1
phones: 2 ends attends
phones: 2 ends hung_up
-> calls 6@sip-1
# a line that signs in anew is tried again
phones: sip-2 is refused
phones: sip-2 is ready
phones: 6 ends attends
-> phase convened
