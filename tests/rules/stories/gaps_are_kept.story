given a session of 5 experts at 09:00
10:00 media: report gap opened feed=camera-1 track=video from=36000000 cause=source_lost
-> event recording_gap_opened gap=1
media: report gap opened feed=camera-1 track=video from=36000000 cause=silent
-> no event
media: report gap opened feed=camera-1 track=audio from=36000000 cause=source_lost
-> event recording_gap_opened gap=2
-> phase in_session
media: report gap closed feed=camera-1 track=video to=36003000
-> event recording_gap_closed gap=1
media: report gap closed feed=camera-1 track=video to=36003000
-> no event
technician: explain gap gap=1 text="the camera's cable was loose"
-> event gap_explained gap=1
supervisor: explain gap gap=7 text=x
-> refused no_such_gap gap=7
