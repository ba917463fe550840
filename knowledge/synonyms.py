"""Words that employees type for words that documents use: English of the workplace, a group a line."""

import re
from functools import cache, lru_cache

_GROUPS = """
vacation holiday leave pto
absence absent leave
sick ill unwell poorly illness sickness
doctor gp physician medical
dentist dental teeth tooth
glasses eyesight optician vision
counselling counseling therapy therapist
maternity pregnancy pregnant expecting
paternity dad father parental
mum mom mother parental maternity
baby newborn birth child
kid child dependent
wife husband spouse partner
gran grandma grandad grandpa nan grandparent
died death bereavement funeral
marriage wedding married marry
salary wage pay earnings earn
paycheck payslip payroll payday
money pay payment
raise increment increase
bonus award reward
cash money
refund reimburse reimbursement repay
expense claim spend
quid pound gbp
buck dollar usd
cost price fee charge
max maximum limit most cap
min minimum least
discount deal offer
boss manager supervisor lead
colleague coworker teammate
mate friend acquaintance
staff employee personnel workforce
hr people human
recruit hire hiring recruitment
starter joiner newcomer hire
start join begin onboarding
onboarding induction orientation
quit resign resignation leaving
fire fired dismissal terminated termination
redundancy redundant layoff severance
notice resignation
retire retirement pension
promotion promoted advancement
review appraisal evaluation
probation trial
training course class learning
exam test certification
conference event summit
tuition education study
laptop computer machine notebook
pc computer workstation
screen monitor display
mobile phone cellphone smartphone
phone call ring telephone
ring rang rung call
headset headphones
usb stick drive
charger adapter cable
printer print printing
password passphrase pw credential
login signin logon
mfa 2fa authenticator authentication
badge pass keycard card
wifi wireless wlan
internet broadband network
email mail inbox
spam phishing
dodgy suspicious phishing
hack breach compromise incident
virus malware
lost lose missing
stolen theft steal
broken damaged damage faulty
crash accident collision
fix repair mend
delete remove erase
bin binned delete trash
restore recover recovery
backup copy
app application software
install setup
website site page
folder directory drive share
file document
chatgpt copilot ai
update upgrade
outage downtime
helpdesk servicedesk support
ticket request issue
permission access right
approve approval authorise authorize sign
allow permit permitted
forbid prohibited banned forbidden
rule policy guideline
apply application request
form template
slip receipt
invoice bill
supplier vendor contractor
client customer
gift present hamper
bribe corruption
complain complaint grievance
bully bullying harassment
unfair unfairly discrimination
lawyer legal attorney
contract agreement
secret confidential
privacy private personal
record recording recorded
keep retain retention
expire expiry expiration
deadline due
late overdue
hours schedule
overtime extra
weekend saturday sunday
evening night
rota shift roster
remote home telework wfh teleworking
abroad overseas foreign international
trip travel journey
flight plane airline fly
train rail railway
car vehicle drive
motorbike motorcycle moped
bike bicycle cycle
taxi cab uber
parking park
bus transit commute
mileage milage miles
hotel lodging accommodation room
flat apartment
lunch dinner meal breakfast
food meal catering
canteen cafeteria restaurant
party celebration
dog cat pet animal
gym fitness
office building workplace
desk workstation
meeting appointment
calendar diary
room space
visitor guest
delivery parcel package
post mail
stationery supplies
key lock
injury injured hurt accident
emergency urgent
insurance cover coverage insured
shares stock equity options
tax taxes
loan advance
moving move relocate relocation
address residence
surname name
disabled disability accommodation adjustment
religion religious faith
jury court summons
military reserves reservist
volunteer volunteering charity
sabbatical
smoke smoking vaping
alcohol drink drinking
drugs drug substance
clothes clothing dress
paste upload enter
"""


@cache
def _near() -> dict[str, tuple[str, ...]]:
    near: dict[str, dict[str, None]] = {}
    for line in _GROUPS.split("\n"):
        words = line.split()
        for word in words:
            near.setdefault(word, {}).update(dict.fromkeys(other for other in words if other != word))
    return {word: tuple(others) for word, others in near.items()}


@lru_cache(maxsize=4096)
def synonyms(word: str) -> tuple[str, ...]:
    """Other words for the same, as documents may have it; none for most words."""
    word = re.sub(r"\W+", "", word.casefold())
    near = _near()
    for form in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y"):
        if form in near:
            return near[form]
    return ()
