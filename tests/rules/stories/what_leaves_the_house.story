# Feeds leave the house where the profile lets them, at the hub's word, until an end; the house has the last word.
given a relay of camera-1
hub: start relay relay=city feeds=["camera-1"] until=1728007200000
-> refused no_such_session session=S-1
given a session of 5 experts at 09:00
technician: start relay relay=city feeds=["camera-1"] until=1728007200000
-> refused not_your_role
hub: start relay relay=elsewhere feeds=["camera-1"] until=1728007200000
-> refused no_such_relay relay=elsewhere
hub: start relay relay=city feeds=["camera-1","seat-1-face"] until=1728007200000
-> refused feeds_not_relayed feeds=["seat-1-face"]
hub: start relay relay=city feeds=["camera-1"] until=1728000000000
-> refused relay_without_end
hub: start relay relay=city feeds=["camera-1"] until=1728090100000
-> refused relay_without_end
hub: start relay relay=city feeds=["camera-1"] until=1728007200000
-> event relay_started
10:00
-> event relay_ended by=time
hub: end relay relay=city
-> refused no_relay
hub: start relay relay=city feeds=["camera-1"] until=1728010800000
-> event relay_started
hub: end relay relay=city
-> event relay_ended by=city
hub: start relay relay=city feeds=["camera-1"] until=1728010800000
supervisor: end relay relay=city
-> event relay_ended by=house
hub: start relay relay=city feeds=["camera-1"] until=1728010800000
-> refused relay_barred
