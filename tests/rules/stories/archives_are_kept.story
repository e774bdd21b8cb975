# What was not sealed and read back, lies in one place only, is damaged or is on hold stays, however old it is.
given a second disk
given a closing of 5 experts at 09:00
everybody: sign report dissent=false
supervisor: sign closing record
technician: seal session typed=S-1
archive: report archive sealed seal={"sha256":"00","files":1,"bytes":1,"timestamped":false}
day 6000 09:00
-> no event
supervisor: hold archive reason=诉讼
-> refused no_such_archive
archive: report archive read back files=1 bytes=1 damaged=0 named=[]
-> event archive_read_back
# it is not in the second disk; its personal data go all the same
day 12000 09:00
-> event personal_data_released
supervisor: release archive typed=S-1 today="2057-07-24"
-> refused not_replicated
archive: report replica replica=second-disk files=1 bytes=1 written=1
-> event archive_replicated
technician: hold archive reason=诉讼
-> refused not_your_role
archive: report replica damaged replica=second-disk damaged=1 named=["data/plan.json"]
-> event replica_damaged
archive: report replica damaged replica=second-disk damaged=1 named=["data/plan.json"]
-> no event
archive: report replica replica=second-disk files=1 bytes=1 written=1
-> event replica_healed written=1
