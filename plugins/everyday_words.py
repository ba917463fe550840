"""English words of three letters: an abbreviation that is one of them is not meant by its small letters."""

EVERYDAY = frozenset(
    """
    ace act add ado age ago aid ail aim air ale all amp and ant any ape apt arc are ark arm art ash ask ate awe axe aye
    bad bag ban bar bat bay bed bee beg bet bid big bin bio bit boa bob bog boo bow box boy bra bud bug bum bun bus but
    buy bye cab cam can cap car cat cob cod cog con coo cop cot cow coy cry cub cue cup cut dab dad dam day den dew did
    die dig dim din dip doc doe dog dot dry dub due dug duo dye ear eat ebb eel egg ego elf elm end era eve eye fab fad
    fan far fat fax fed fee few fig fin fir fit fix flu fly foe fog for fox fry fun fur gag gap gas gel gem get gig god
    got gum gun gut guy gym had ham has hat hay hem hen her hey hid him hip his hit hob hoe hog hop hot how hub hug hum
    hut ice icy ill ink inn ion its jab jam jar jaw jet job jog jot joy jug key kid kin kit lab lad lag lap law lay led
    leg let lid lie lip lit log lot low mad man map mar mat may men met mid mix mob mod mop mud mug mum nag nan nap net
    new nil nip nod nor not now nun nut oak oar oat odd off oil old one opt orb ore our out owe owl own pad pal pan par
    pat paw pay pea pen pep per pet pew pie pig pin pit ply pod pop pot pro pub pun put rag ram ran rap rat raw ray red
    rep rib rid rig rim rip rob rod roe rot row rub rug rum run rut rye sad sap sat saw say sea see set sew she shy sin
    sip sir sit six ski sky sly sob son soy spa spy sue sum sun tab tag tan tap tar tax tea ten the thy tic tie tin tip
    toe ton too top tow toy try tub tug two use van vet vie vow wag war was wax way web wed wee wet who why wig win wit
    woe won woo yes yet you zip zoo app add apt aft dot fob gov ios mac usb vat tbd was
    """.split()
)
