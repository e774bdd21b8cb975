# Tomorrow's is prepared while today's runs, but does not get in.
given a session of 5 experts at 09:00
technician: plan session plan={"id":"S-1","kind":"real","start":0,"expected":3600000,"experts":5,"tenderer_representatives":0}
-> refused session_exists
technician: plan session plan={"id":"S-2","kind":"real","start":90000000,"expected":3600000,"experts":5,"tenderer_representatives":0}
-> event session_planned
technician: open check in
-> refused wrong_phase phase=in_session
