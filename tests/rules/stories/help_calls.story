given a session of 5 experts at 09:00
10:00 workstation 9: call for help kind=technical
-> event help_called seat=9
workstation 9: call for help kind=unwell
-> refused help_already_called
10:02 technician: answer help seat=8
-> refused no_help_call seat=8
10:04
-> event help_overdue seat=9
technician: answer help seat=9
10:10
-> no event
