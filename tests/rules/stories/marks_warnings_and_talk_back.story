given a session of 5 experts at 09:00
supervisor: mark feed=camera-1 note="seat 2 left its place"
-> event moment_marked feed=camera-1
supervisor: mark feed=camera-7 note=x
-> refused no_such_feed feed=camera-7
supervisor: warn seat=10 text=x
-> refused no_such_seat seat=10
supervisor: warn seat=3 text="no telephones"
workstation 3: acknowledge warning
-> refused not_your_role
-> records-not talkback
supervisor: start talk back seats=[3]
-> event talk_back_started seats=[3]
-> records talkback
supervisor: start talk back seats=[]
-> refused talk_back_lasts
media: end talk back
supervisor: end talk back
-> refused no_talk_back
supervisor: start talk back seats=[]
-> event talk_back_started seats=[1,2,3,4,5,6,7,8,9]
