# Deny by default.
given a session of 5 experts at 09:00
supervisor: start session
-> refused not_your_role
technician: authorise start
-> refused not_your_role
technician: mark note=x
-> refused not_your_role
bidder: mark note=x
-> refused not_your_role
administrator: suspend session cause=other reason=x
-> refused not_your_role
member 1: suspend session cause=other reason=x
-> refused not_your_role
technician: sign pledge pledge=integrity
-> refused not_your_role
technician: check in member=1 seat=1
-> refused not_your_role
technician: report gap closed feed=camera-1 track=video to=0
-> refused not_your_role
member 9: vote for chair candidate=1
-> refused no_such_member member=9
technician: abort session typed=S-1 reason=x
-> refused not_your_role
clock: report start version=x
-> refused not_your_role
