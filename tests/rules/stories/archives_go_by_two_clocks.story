# After 15 years (of 366 days) by the wall clock and by the time the box has run, an archive goes. A hold keeps it.
given a closing of 5 experts at 09:00
everybody: sign report dissent=false
supervisor: sign closing record
technician: seal session typed=S-1
archive: report archive sealed seal={"sha256":"00","files":1,"bytes":1,"timestamped":false}
archive: report archive read back files=1 bytes=1 damaged=0 named=[]
archive: report archive deleted
-> no event
supervisor: hold archive reason=诉讼
-> event archive_held
supervisor: hold archive reason=诉讼
-> refused archive_held
day 5480 08:00
-> no event
# the wall clock stands 20 years ahead, and still nothing goes but the personal data, whose 10 years are over by both
wall clock: +20y
supervisor: lift hold reason=结案
-> event hold_lifted
clock: pass deadlines
-> event personal_data_released
day 12811 10:00
-> event archive_released
supervisor: hold archive reason=诉讼
-> refused already_released
archive: report archive deleted
-> event archive_deleted
supervisor: lift hold reason=结案
-> refused no_such_archive
