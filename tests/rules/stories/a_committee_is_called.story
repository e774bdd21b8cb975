# All drawn are called at once over the lines there are; whoever declines or is not reached is replaced in the order.
given a plan of 5 experts at 09:00
given phones sip-1 sip-2 probed
given a seeded draw of 5 from 9
-> calls none
given the notice is ready
-> calls test@sip-1 test@sip-2
phones: test on sip-1 ends reached
-> calls 1@sip-1 test@sip-2
phones: test on sip-2 ends reached
-> calls 1@sip-1 2@sip-2
phones: 1 ends attends
-> event candidate_accepted candidate=1
-> calls 1@sip-1 2@sip-2
-> says 1 notice
phones: 1 ends reached
-> calls 2@sip-2 3@sip-1
phones: 2 ends declines
-> event candidate_declined candidate=2
-> event candidates_drawn
phones: 2 ends reached
-> calls 3@sip-1 4@sip-2
phones: 3 ends no_answer
-> standing 3 waiting
-> calls 4@sip-2 5@sip-1
phones: 4 ends attends
phones: 4 ends hung_up
phones: 5 ends attends
phones: 5 ends hung_up
-> calls 6@sip-2
phones: 6 ends attends
phones: 6 ends hung_up
-> calls none
# five minutes later, on the other line
07:06
-> calls 3@sip-2
phones: 3 ends no_key
-> event candidate_given_up candidate=3
-> event candidates_drawn
-> calls 7@sip-1
phones: 7 ends attends
-> event candidate_accepted candidate=7
-> event committee_convened
-> phase convened
