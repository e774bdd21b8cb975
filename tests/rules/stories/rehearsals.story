# With test pictures a room can rehearse, and nothing else.
given test pictures in the room
technician: plan session plan={"id":"R-1","kind":"real","start":0,"expected":3600000,"experts":5,"tenderer_representatives":0}
-> refused test_feeds
given a closing rehearsal of 5 experts at 09:00
everybody: sign report dissent=true
supervisor: sign closing record
technician: seal session typed=S-1
-> event session_sealed kind=rehearsal
