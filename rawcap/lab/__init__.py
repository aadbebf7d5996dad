"""The socket labs: real sockets on two hosts of their own, each call with the frames that it causes, told step by step.

    hosts.py       the two hosts: network namespaces that vanish with the command
    relay.py       a bad link between them: loss, delay, reordering, duplicates, the same with the same seed
    programs.py    who calls socket(), bind(), connect(): rawcap's own actors, or a student's programs
    scene.py       a lesson being played: its steps, its capture, its timeline
    frames.py      a frame in a few words, and what it says of the states of both ends
    lesson.py      what a lesson is, and the list of them
    lessons/       one file of calls for each lesson, and one of words in English and Chinese
    narration.py   the words, by language
    judging.py     whether a step, and the whole, went as the lesson says
    narrator.py    a lesson as a page of text
"""
