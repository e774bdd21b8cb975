given check-in of 5 experts at 09:00
access: enrol workstation seat=10 workstation=w10
-> refused no_such_seat seat=10
technician: revoke workstation seat=1
-> event workstation_revoked seat=1
technician: revoke workstation seat=1
-> refused not_enrolled seat=1
access: enrol workstation seat=1 workstation=w11
-> event workstation_enrolled workstation=w11
health: run preflight
-> refused not_your_role
technician: run preflight
technician: run preflight
-> refused preflight_runs
health: report preflight results=[]
-> event preflight_done
