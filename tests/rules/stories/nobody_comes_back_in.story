# An expert who has left may not come back in; the committee is short, the session is suspended.
given a session of 5 experts at 09:00
10:00 technician: record leaving member=2 reason=expelled
-> refused not_your_role
technician: record leaving member=2 reason=illness
-> event member_left member=2 reason=illness
-> event session_suspended cause=committee
-> phase suspended
access: check in member=2 seat=*
-> refused no_re_entry
technician: hand out code member=2
-> refused no_re_entry
technician: resume session
-> refused committee_too_small members=4
supervisor: approve replacement member=2
technician: replace member member=2 by={"person":"z","kind":"expert"}
-> event member_replaced as_member=6
technician: resume session
-> refused members_missing members=[6]
access: check in member=6 seat=*
member 6: sign pledge pledge=integrity
member 6: sign pledge pledge=recusal
technician: resume session
-> phase in_session
