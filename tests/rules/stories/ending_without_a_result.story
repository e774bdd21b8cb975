given check-in of 5 experts at 09:00
technician: abort session typed=S-9 reason=x
-> refused typed_number_differs
technician: abort session typed=S-1 reason="the tenderer withdraws"
-> phase aborted
technician: abort session typed=S-1 reason=x
-> refused wrong_phase phase=aborted
