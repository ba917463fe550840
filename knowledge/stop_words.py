"""Words that say nothing about what a text is about.

`STOP_WORDS` are left out of documents and questions alike. `CONVERSATION` are left out of questions
only: in "hi, can you tell me how I get a new badge" they would outweigh the badge.
"""

STOP_WORDS = frozenset(
    """
    a about above after again against all am an and any are aren as at be because been before being below
    between both but by can cannot could couldn did didn do does doesn doing don down during each few for
    from further had hadn has hasn have haven having he her here hers herself him himself his how i if in
    into is isn it its itself just ll me mightn more most mustn my myself needn no nor not now of off on
    once only or other our ours ourselves out over own re s same shan she should shouldn so some such t
    than that the their theirs them themselves then there these they this those through to too under until
    up ve very was wasn we were weren what when where which while who whom whose why will with won would
    wouldn you your yours yourself yourselves
    """.split()
)

CONVERSATION = frozenset(
    """
    hi hello hey hiya yo greetings morning afternoon evening thanks thank thx ta cheers please pls plz sorry
    excuse quick question questions ask asking asked tell know knows anyone anybody someone somebody
    something anything everyone guys folks team mate help need needs want wants wanted wanna gonna gotta
    like got get gets getting im ive id ill dont doesnt didnt cant couldnt wont isnt arent wasnt whats hows
    wheres whos u ur r y ok okay yes yeah nope hmm um uh erm oh well actually basically really maybe perhaps
    possible possibly wondering wonder curious say says said think thought guess mean means way thing things
    stuff bit lot lots still also one let lets go going happen happens happened supposed able try
    trying tried find look looking
    """.split()
)

SHORTHAND = {
    "2day": "today", "2moro": "tomorrow", "2mrw": "tomorrow", "2nite": "tonight", "abt": "about", "acct": "account",
    "addl": "additional", "appt": "appointment", "b4": "before", "bc": "because",
    "biz": "business", "cert": "certificate", "coz": "because", "dept": "department",
    "dob": "date of birth", "eod": "end of the day", "err": "error", "esp": "especially", "fri": "friday",
    "gov": "government", "govt": "government", "hrs": "hours", "mgmt": "management", "mgr": "manager",
    "mins": "minutes", "mo": "month", "msg": "message", "mtg": "meeting", "ooo": "out of office",
    "ppl": "people", "prob": "probably", "pw": "password", "pwd": "password", "qty": "quantity", "reqd": "required",
    "thru": "through", "thurs": "thursday", "tmr": "tomorrow", "tmrw": "tomorrow",
    "tues": "tuesday", "w/": "with", "wfh": "work from home", "wk": "week", "wks": "weeks",
    "wknd": "weekend", "yday": "yesterday", "yr": "year", "yrs": "years",
}  # fmt: skip
"""How people type in chat, spelled out before a question is searched."""
