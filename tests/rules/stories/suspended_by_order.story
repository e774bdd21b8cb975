given a session of 5 experts at 09:00
technician: suspend session cause=order reason=x
-> refused not_your_role
supervisor: suspend session cause=order reason="disorder at seat 4"
-> phase suspended
-> records camera-1
technician: resume session
-> refused ordered_by_supervisor
supervisor: resume session
-> phase in_session
everybody: vote for chair candidate=1
technician: begin closing
supervisor: suspend session cause=order reason="a page is missing"
supervisor: resume session
-> phase closing
