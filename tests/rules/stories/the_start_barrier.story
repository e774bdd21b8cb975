# Bytes on every stream, the supervisor's word, and equipment that is fit.
given a ready committee of 5 experts at 09:00
media: report gap opened feed=camera-1 track=video from=0 cause=source_lost
-> event recording_gap_opened gap=1
-> event readiness_lost feeds=["camera-1"]
supervisor: authorise start
-> refused recording_not_confirmed
technician: confirm recording
-> refused not_recording feeds=["camera-1"]
media: report gap closed feed=camera-1 track=video to=1000
technician: confirm recording
supervisor: authorise start
health: report fault equipment=clock fault={"kind":"clock_off","offset_ms":1500}
-> event equipment_failed equipment=clock
health: report fault equipment=clock fault={"kind":"clock_off","offset_ms":1500}
-> no event
technician: start session
-> refused equipment_unfit equipment=clock
health: report recovery equipment=clock
technician: start session
-> phase in_session
