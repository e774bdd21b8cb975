# Who had accepted may withdraw: by calling back, or told to the technician, and then the supervisor decides.
given a plan of 5 experts at 09:00
given phones sip-1 sip-2
given a seeded draw of 5 from 9
given the notice is ready
technician: record withdrawal candidate=1
-> refused not_accepted
phones: 1 ends attends
phones: 1 ends hung_up
phones: 2 ends attends
phones: 2 ends hung_up
phones: 3 ends attends
phones: 3 ends hung_up
technician: record withdrawal candidate=1
-> event withdrawal_told candidate=1
supervisor: rule on withdrawal candidate=1 granted=false
-> standing 1 accepted
phones: 4 ends attends
phones: 4 ends hung_up
phones: 5 ends attends
phones: 5 ends hung_up
-> phase convened
# a stranger has one line at most, and changes nothing; whoever calls on a line keeps others from being called on it
phones: somebody calls sip-1
-> calls stranger@sip-1
phones: somebody calls sip-2
-> refused no_line_free
phones: 2 calls sip-1
-> refused no_line_free
phones: 2 calls sip-2
-> event call_taken
-> calls stranger@sip-1 2@sip-2
phones: stranger ends reached
-> calls 2@sip-2
phones: report caller rang back candidate=2
-> event candidate_withdrew candidate=2 by=called_back
-> event member_absent member=2
-> event candidates_drawn
-> calls 2@sip-2 6@sip-1
phones: 2 ends reached
-> calls 6@sip-1
phones: 6 ends attends
-> event candidate_accepted candidate=6
-> event member_replaced member=2 as_member=6
phones: 6 ends hung_up
technician: record withdrawal candidate=3
supervisor: rule on withdrawal candidate=3 granted=true
-> event candidate_withdrew candidate=3 by=told
-> event member_absent member=3
-> calls 7@sip-1
phones: 7 ends attends
-> event member_replaced member=3 as_member=7
phones: 7 ends hung_up
access: enrol workstation seat=1 workstation=w1
access: enrol workstation seat=2 workstation=w2
access: enrol workstation seat=3 workstation=w3
access: enrol workstation seat=4 workstation=w4
access: enrol workstation seat=5 workstation=w5
08:30 technician: open check in
access: check in member=1 seat=*
access: check in member=4 seat=*
technician: record withdrawal candidate=1
-> refused already_present
# nobody came by the end of the grace period: the supervisor approves, and the next one is called
09:31
technician: redraw member member=5
-> refused not_approved
supervisor: approve replacement member=5
technician: redraw member member=5
-> event candidate_withdrew candidate=5 by=missing
-> calls 8@sip-1
access: check in member=5 seat=*
-> refused not_expected
phones: 8 ends attends
-> event member_replaced member=5 as_member=8
phones: 8 ends hung_up
access: check in member=8 seat=*
-> event member_checked_in member=8
