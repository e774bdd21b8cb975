# Whoever confirms when no place is open any more is thanked and released.
given a plan of 5 experts at 09:00
given phones sip-1 sip-2
given a seeded draw of 5 from 9
given the notice is ready
phones: 1 ends attends
phones: 1 ends hung_up
phones: 2 ends attends
phones: 2 ends hung_up
phones: 3 ends attends
phones: 3 ends hung_up
-> calls 4@sip-2 5@sip-1
phones: 4 ends attends
phones: 5 ends attends
-> event candidate_accepted candidate=5
-> event committee_convened
-> says 5 notice
# a call that is confirmed ends after a minute at the latest
07:02
-> calls none
