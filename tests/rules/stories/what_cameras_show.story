given a session of 5 experts at 09:00
10:00 media: report anomaly feed=camera-1 anomaly=frozen lasted=6000
-> event anomaly_began feed=camera-1 anomaly=frozen from=1728007194000
media: report anomaly feed=camera-1 anomaly=frozen lasted=7000
-> no event
media: report anomaly feed=camera-1 anomaly=silent lasted=6000
-> event anomaly_began anomaly=silent
# A black picture is recorded: it is an alarm, not a gap, and stops nothing.
-> phase in_session
media: report anomaly ended feed=camera-1 anomaly=frozen
-> event anomaly_ended feed=camera-1 anomaly=frozen
media: report anomaly ended feed=camera-1 anomaly=frozen
-> no event
media: report anomaly feed=camera-9 anomaly=black lasted=6000
-> refused no_such_feed feed=camera-9
technician: report anomaly feed=camera-1 anomaly=black lasted=6000
-> refused not_your_role
# Nothing of what the last process saw is known to hold.
app: report start version="1"
media: report anomaly ended feed=camera-1 anomaly=silent
-> no event
media: report anomaly feed=camera-1 anomaly=black lasted=6000
-> event anomaly_began anomaly=black
supervisor: abort session typed=S-1 reason=x
media: report anomaly ended feed=camera-1 anomaly=black
-> no event
media: report anomaly feed=camera-1 anomaly=black lasted=6000
-> no event
