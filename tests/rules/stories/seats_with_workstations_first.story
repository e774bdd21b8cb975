# Chance deals the seats, but nobody can work where no workstation is.
given a convened committee of 5 experts at 09:00
access: enrol workstation seat=2 workstation=w2
access: enrol workstation seat=4 workstation=w4
access: enrol workstation seat=5 workstation=w5
access: enrol workstation seat=7 workstation=w7
access: enrol workstation seat=8 workstation=w8
08:30 technician: open check in
everybody: check in
-> event member_checked_in seat=2
-> event member_checked_in seat=4
-> event member_checked_in seat=5
-> event member_checked_in seat=7
-> event member_checked_in seat=8
