# A box that was off for years does not know how old an archive is; a supervisor who types the number and today's date does.
given a closing of 5 experts at 09:00
everybody: sign report dissent=false
supervisor: sign closing record
technician: seal session typed=S-1
archive: report archive sealed seal={"sha256":"00","files":1,"bytes":1,"timestamped":false}
archive: report archive read back files=1 bytes=1 damaged=0 named=[]
supervisor: release archive typed=S-1 today="2024-10-04"
-> refused still_kept
wall clock: +20y
# who knows what day it really is does not get it deleted by a clock that is wrong
supervisor: release archive typed=S-1 today="2024-10-04"
-> refused date_differs
technician: release archive typed=S-1 today="2044-10-19"
-> refused not_your_role
supervisor: release archive typed=S-2 today="2044-10-19"
-> refused typed_number_differs
supervisor: release personal data typed=S-1 today="2024-10-04"
-> refused date_differs
supervisor: release personal data typed=S-1 today="2044-10-19"
-> event personal_data_released
supervisor: release archive typed=S-1 today="2044-10-19"
-> event archive_released
supervisor: release archive typed=S-1 today="2044-10-19"
-> refused already_released
