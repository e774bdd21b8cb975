# Whoever has confirmed gets it in writing, once: calls come first, and a message that was cut off is never sent again by itself.
given a plan of 5 experts at 09:00
given phones sip-1 texts
given a seeded draw of 5 from 9
given the notice is ready
phones: 1 ends attends
phones: 1 ends hung_up
-> calls 2@sip-1
phones: 2 ends attends
phones: 2 ends hung_up
phones: 3 ends attends
phones: 3 ends hung_up
phones: 4 ends attends
phones: 4 ends hung_up
phones: 5 ends attends
-> phase convened
phones: 5 ends hung_up
-> event text_placed candidate=1 line=sip-1
# the line is busy with it
phones: 2 calls sip-1
-> refused no_line_free
phones: text to 1 ends sent
-> event text_ended candidate=1
-> event text_placed candidate=2
app: restart
given phones sip-1 texts
-> event text_ended candidate=2
-> event text_placed candidate=3
phones: text to 3 ends sent
-> event text_placed candidate=4
phones: text to 2 ends sent
phones: report caller rang back candidate=5
phones: text to 4 ends sent
-> calls 6@sip-1
phones: 6 ends attends
phones: 6 ends hung_up
-> event text_placed candidate=6
phones: text to 6 ends sent
-> calls none
