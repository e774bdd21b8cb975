# Three sit here and four elsewhere: together they are a lawful committee.
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":3,"tenderer_representatives":0,"committee":{"experts":8,"tenderer_representatives":0}}
-> refused committee_even members=8
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":3,"tenderer_representatives":0,"committee":{"experts":4,"tenderer_representatives":3}}
-> refused too_few_experts experts=4 members=7
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":3,"tenderer_representatives":0,"committee":{"experts":2,"tenderer_representatives":5}}
-> refused bad_plan field=committee
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":0,"tenderer_representatives":0,"committee":{"experts":7,"tenderer_representatives":0}}
-> refused bad_plan field=experts
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":10,"tenderer_representatives":0,"committee":{"experts":11,"tenderer_representatives":0}}
-> refused too_few_seats members=10 seats=9
technician: plan session plan={"id":"A-1","kind":"real","start":0,"expected":3600000,"experts":3,"tenderer_representatives":0,"committee":{"experts":7,"tenderer_representatives":0}}
-> event session_planned
