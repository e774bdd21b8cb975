# Whoever steers the gateway could let candidates ring in vain: unusual silence stops the redraw for the supervisor.
given a plan of 5 experts at 09:00
given phones sip-1 sip-2
given a seeded draw of 5 from 20
given the notice is ready
phones: 1 ends no_answer
phones: 2 ends unreachable
phones: 3 ends no_answer
phones: 4 ends no_answer
phones: 5 ends no_such_number
-> calls none
07:06
-> calls 1@sip-2 2@sip-1
phones: 1 ends no_answer
-> event candidate_given_up candidate=1
phones: 2 ends no_answer
-> event candidate_given_up candidate=2
phones: 3 ends no_answer
-> event call_out_paused
-> standing 3 waiting
phones: 4 ends attends
-> event candidate_accepted candidate=4
phones: 4 ends hung_up
-> calls none
technician: resume call out
-> refused not_your_role
supervisor: resume call out
-> event call_out_resumed
-> event candidate_given_up candidate=3
-> calls 5@sip-2 6@sip-1
technician: pause call out reason="the building is evacuated"
-> event call_out_paused
technician: resume call out
supervisor: stop call out reason="the evaluation is put off"
-> event call_out_stopped
-> event draw_aborted
-> says 5 nothing
phones: 5 ends attends
-> event candidate_released candidate=5
technician: prepare draw basis={"rows":1,"eligible":1,"excluded":{},"named":[],"groups":[],"root":"abababababababababababababababababababababababababababababababab","rules":"abababababababababababababababababababababababababababababababab","commitment":"abababababababababababababababababababababababababababababababab"}
-> refused calls_open
phones: 5 ends cancelled
phones: 6 ends cancelled
-> calls none
given a draw of 5 from 20
-> event draw_prepared attempt=2
