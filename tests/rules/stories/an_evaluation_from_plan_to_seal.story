# The whole way, with everybody in time.
given a plan of 5 experts and 2 representatives at 09:00
-> phase planned
07:10 technician: convene committee members=[{"person":"a","kind":"expert"},{"person":"b","kind":"expert"},{"person":"c","kind":"expert"},{"person":"d","kind":"expert"},{"person":"e","kind":"expert"},{"person":"f","kind":"tenderer_representative"},{"person":"g","kind":"tenderer_representative"}]
-> phase convened
access: enrol workstation seat=1 workstation=w1
access: enrol workstation seat=2 workstation=w2
access: enrol workstation seat=3 workstation=w3
access: enrol workstation seat=4 workstation=w4
access: enrol workstation seat=5 workstation=w5
access: enrol workstation seat=6 workstation=w6
access: enrol workstation seat=7 workstation=w7
access: enrol workstation seat=8 workstation=w8
access: enrol workstation seat=9 workstation=w9
08:30 technician: open check in
-> phase check_in
-> event check_in_opened
-> records camera-1
-> records-not seat-1-face
08:31 technician: hand out code member=1
-> event code_handed_out member=1
08:35 everybody: check in
-> event member_checked_in late=false
08:40 technician: confirm sign in
-> refused pledges_missing pledge=integrity
08:45 everybody: sign pledge pledge=integrity
everybody: sign pledge pledge=recusal
08:50 technician: confirm sign in
-> phase ready
08:52 technician: start session
-> refused recording_not_confirmed
08:52 supervisor: authorise start
-> refused recording_not_confirmed
08:53 technician: confirm recording
-> refused not_recording
08:54 media: all recorded
technician: confirm recording
08:55 technician: start session
-> refused not_authorised
supervisor: authorise start
09:00 technician: start session
-> phase in_session
-> event session_started
09:05 member 1: vote for chair candidate=6
-> refused chair_must_be_expert
member 1: vote for chair candidate=2
-> event chair_vote_cast voter=1
member 2: vote for chair candidate=2
member 3: vote for chair candidate=2
technician: begin closing
-> refused no_chair
member 6: vote for chair candidate=2
-> event chair_elected member=2
11:00 technician: begin closing
-> phase closing
member 1: leave
-> refused sign_first
11:05 everybody: sign report dissent=false
-> event report_signed dissent=false
11:06 technician: seal session typed=S-1
-> refused closing_record_unsigned
supervisor: sign closing record
technician: seal session typed=S-2
-> refused typed_number_differs
member 1: leave
-> event member_left member=1 reason=finished
technician: seal session typed=S-1
-> phase sealed
-> event session_sealed kind=real
member 2: leave
-> event member_left member=2
technician: begin closing
-> refused wrong_phase phase=sealed
supervisor: mark note=late
-> refused wrong_phase phase=sealed
