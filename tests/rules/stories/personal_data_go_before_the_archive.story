# Personal data and call recordings have an end of their own, here after 10 years, by the same two clocks. A hold keeps them too.
given a closing of 5 experts at 09:00
everybody: sign report dissent=false
supervisor: sign closing record
technician: seal session typed=S-1
archive: report archive sealed seal={"sha256":"00","files":1,"bytes":1,"timestamped":false}
archive: report archive read back files=1 bytes=1 damaged=0 named=[]
supervisor: release personal data typed=S-1 today="2024-10-04"
-> refused still_kept
supervisor: hold archive reason=诉讼
-> event archive_held
day 3670 08:00
-> no event
supervisor: lift hold reason=结案
-> event hold_lifted
clock: pass deadlines
-> event personal_data_released
archive: report archive deleted
-> no event
supervisor: release personal data typed=S-1 today="2034-10-22"
-> refused personal_data_gone
archive: report personal data erased
-> event personal_data_erased
archive: report personal data erased
-> no event
day 5500 10:00
-> event archive_released
