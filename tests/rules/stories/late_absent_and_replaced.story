# 30 minutes of grace after the planned start; later the supervisor decides.
given a convened committee of 5 experts at 09:00
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
08:40 access: check in member=1 seat=*
09:10 access: check in member=2 seat=*
-> event member_checked_in member=2 late=true
09:31
-> event grace_ended missing=[3,4,5]
09:32 access: check in member=3 seat=*
-> refused too_late
supervisor: excuse lateness member=3
supervisor: excuse lateness member=3
-> refused already_done
access: check in member=3 seat=*
-> event member_checked_in member=3 late=true
technician: record absence member=4
-> event member_absent member=4
access: check in member=4 seat=*
-> refused not_expected
technician: replace member member=4 by={"person":"z","kind":"expert"}
-> refused not_approved member=4
supervisor: approve replacement member=1
-> refused member_not_missing member=1
supervisor: approve replacement member=4
technician: replace member member=4 by={"person":"p1","kind":"expert"}
-> refused person_twice
technician: replace member member=4 by={"person":"z","kind":"tenderer_representative"}
-> refused not_as_planned
technician: replace member member=4 by={"person":"z","kind":"expert"}
-> event member_replaced member=4 as_member=6
access: check in member=6 seat=*
-> event member_checked_in member=6
technician: confirm sign in
-> refused members_missing members=[5]
# whoever is missing after the grace period may be replaced without being called absent first
supervisor: approve replacement member=5
technician: replace member member=5 by={"person":"y","kind":"expert"}
-> event member_replaced as_member=7
