# A public scandal began with a meal that came hours late.
given a session of 5 experts at 09:00
11:01
-> event break_due kind=rest
11:31
-> event break_overdue kind=rest
technician: begin break kind=rest
-> event break_begun kind=rest
technician: begin break kind=meal
-> refused break_lasts kind=rest
technician: begin closing
-> refused break_lasts
11:45 technician: end break
technician: end break
-> refused no_break
12:01
-> event break_due kind=meal
12:31
-> event break_overdue kind=meal
technician: begin break kind=meal
13:00 technician: end break
13:10
-> no event
15:01
-> event break_due kind=rest
18:01
-> event break_due kind=meal
