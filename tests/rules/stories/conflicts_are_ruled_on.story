given check-in of 5 experts at 09:00
member 3: declare conflict kind=employer
-> event conflict_declared member=3
member 3: declare conflict kind=relative
-> refused already_declared
technician: confirm sign in
-> refused conflict_undecided members=[3]
technician: rule on conflict member=3 ruling=stays
-> refused not_your_role
supervisor: rule on conflict member=2 ruling=stays
-> refused no_conflict member=2
supervisor: rule on conflict member=3 ruling=stays
technician: confirm sign in
-> phase ready
media: all recorded
technician: confirm recording
supervisor: authorise start
# found later: he is removed, and what was confirmed no longer holds
member 4: declare conflict kind=relative
supervisor: rule on conflict member=4 ruling=removed
-> event readiness_lost
technician: start session
-> refused recording_not_confirmed
access: check in member=4 seat=*
-> refused not_expected
supervisor: approve replacement member=4
technician: replace member member=4 by={"person":"z","kind":"expert"}
access: check in member=6 seat=*
member 6: sign pledge pledge=integrity
member 6: declare conflict kind=interest
member 6: sign pledge pledge=recusal
-> refused conflict_undecided
supervisor: rule on conflict member=6 ruling=stays
member 6: sign pledge pledge=recusal
member 6: sign pledge pledge=recusal
-> refused already_signed
