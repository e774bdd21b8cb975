# 7 is more than enough seats, but the numbers must be odd, at least 5, and two thirds experts.
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":3,"tenderer_representatives":0}
-> refused committee_too_small least=5
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":5,"tenderer_representatives":1}
-> refused committee_even members=6
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":4,"tenderer_representatives":3}
-> refused too_few_experts experts=4 members=7
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":11,"tenderer_representatives":0}
-> refused too_few_seats seats=9
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":1,"experts":5,"tenderer_representatives":0}
-> refused bad_plan field=expected
given a plan of 5 experts at 09:00
technician: convene committee members=[{"person":"a","kind":"expert"}]
-> refused not_as_planned experts=5
technician: convene committee members=[{"person":"a","kind":"expert"},{"person":"b","kind":"expert"},{"person":"c","kind":"expert"},{"person":"d","kind":"expert"},{"person":"a","kind":"expert"}]
-> refused person_twice
technician: change plan plan={"id":"S-1","kind":"real","start":0,"expected":3600000,"experts":7,"tenderer_representatives":0}
-> event plan_changed
technician: plan session plan={"id":"S-1","kind":"real","start":0,"expected":3600000,"experts":7,"tenderer_representatives":0}
-> refused session_exists
# government procurement: 7 where it is large, 3 in a negotiation
technician: plan session plan={"id":"P-1","kind":"real","start":0,"expected":3600000,"experts":4,"tenderer_representatives":1,"rules":"procurement_large"}
-> refused committee_too_small least=7
technician: plan session plan={"id":"P-1","kind":"real","start":0,"expected":3600000,"experts":5,"tenderer_representatives":2,"rules":"procurement_large"}
-> event session_planned
technician: plan session plan={"id":"P-2","kind":"real","start":0,"expected":3600000,"experts":2,"tenderer_representatives":1,"rules":"procurement"}
-> refused committee_too_small least=5
technician: plan session plan={"id":"P-2","kind":"real","start":0,"expected":3600000,"experts":2,"tenderer_representatives":1,"rules":"negotiation"}
-> event session_planned
technician: plan session plan={"id":"P-3","kind":"real","start":0,"expected":3600000,"experts":1,"tenderer_representatives":2,"rules":"negotiation"}
-> refused too_few_experts experts=1 members=3
