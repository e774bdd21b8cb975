# Box and supervisor commit before chance speaks; a draw that was ended stays on the record.
given a plan of 5 experts at 09:00
given a draw of 5 from 9
-> event draw_prepared attempt=1
technician: change plan plan={"id":"S-1","kind":"real","start":1728000000000,"expected":14400000,"experts":7,"tenderer_representatives":0}
-> refused draw_lasts
technician: convene committee members=[]
-> refused draw_lasts
technician: commit to draw commitment="5050505050505050505050505050505050505050505050505050505050505050"
-> refused not_your_role
supervisor: reveal to draw secret="5050505050505050505050505050505050505050505050505050505050505050"
-> refused wrong_draw_stage
supervisor: commit to draw commitment="0000000000000000000000000000000000000000000000000000000000000001"
-> event draw_committed
supervisor: reveal to draw secret="5050505050505050505050505050505050505050505050505050505050505050"
-> refused secret_differs
technician: abort draw reason=late
-> refused not_your_role
supervisor: abort draw reason="the commitment was mistyped"
-> event draw_aborted
given a seeded draw of 5 from 9
-> event draw_prepared attempt=2
-> event draw_seeded
-> event candidates_drawn
supervisor: abort draw reason=late
-> refused wrong_draw_stage
-> calls none
