# Locked at 21:00; in the morning everybody is identified again.
given a session of 5 experts at 19:00
20:00 supervisor: postpone lock by=1800000
-> event lock_postponed
21:10
-> phase in_session
21:31
-> event overnight_begun
-> phase overnight
-> records camera-1
-> records-not seat-1-face seat-2-face talkback
day 2 08:00 technician: end overnight
-> refused members_missing members=[1,2,3,4,5]
08:05 technician: hand out code member=1
access: check in member=1 seat=*
-> event member_returned member=1
access: check in member=1 seat=*
-> refused already_present
access: check in member=2 seat=*
access: check in member=3 seat=*
access: check in member=4 seat=*
access: check in member=5 seat=*
08:30 technician: end overnight
-> phase in_session
# and again tonight
21:01
-> phase overnight
