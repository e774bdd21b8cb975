# The hub plans, changes what is planned, and ends what has not begun. Nothing of the course is its business.
given a plan of 5 experts and 2 representatives at 09:00
hub: change plan plan={"id":"S-1","kind":"real","start":0,"expected":7200000,"experts":5,"tenderer_representatives":0}
-> event plan_changed
hub: open check in
-> refused not_your_role
hub: plan session plan={"id":"S-1","kind":"real","start":0,"expected":7200000,"experts":5,"tenderer_representatives":0}
-> refused session_exists
hub: abort session typed=S-1 reason="the tenderer withdraws"
-> phase aborted
given a session of 5 experts at 09:00
hub: suspend session cause=other reason=x
-> refused not_your_role
hub: abort session typed=S-1 reason=x
-> refused not_your_role
