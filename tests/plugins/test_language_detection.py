import pytest

from plugins.language_detection import language_of

QUESTIONS: dict[str, list[str]] = {
    "en": ["how much leave do I have?", "Who approves my travel expenses?", "where is the new coffee machine",
           "is there a limit on hotel costs", "what do i do about error E-4107 on the vpn?"],
    "de": ["Wie viele Urlaubstage habe ich?", "Wer genehmigt meine Reisekosten?", "wo finde ich den neuen Drucker",
           "Darf ich von zu Hause aus arbeiten?", "Was muss ich bei Krankheit tun?"],
    "fr": ["Combien de jours de congé ai-je ?", "Qui valide mes notes de frais ?", "où est la nouvelle imprimante",
           "Comment changer mon mot de passe ?", "Puis-je travailler depuis la maison ?"],
    "es": ["¿Cuántos días de vacaciones tengo?", "quién aprueba mis gastos de viaje", "dónde está la impresora",
           "¿Puedo trabajar desde casa?", "cómo cambio la contraseña de mi cuenta"],
    "it": ["Quanti giorni di ferie ho?", "Chi approva le mie spese di viaggio?", "dove si trova la stampante",
           "Posso lavorare da casa?", "come cambio la password del mio account"],
    "pt": ["Quantos dias de férias tenho?", "Quem aprova as minhas despesas?", "onde está a impressora",
           "Posso trabalhar em casa?", "como mudo a senha da minha conta"],
    "nl": ["Hoeveel vakantiedagen heb ik?", "Wie keurt mijn reiskosten goed?", "waar staat de nieuwe printer",
           "Mag ik thuis werken?", "hoe wijzig ik het wachtwoord van mijn account"],
    "sv": ["Hur många semesterdagar har jag?", "Vem godkänner mina reseräkningar?", "var finns skrivaren",
           "Får jag arbeta hemifrån?", "hur byter jag lösenord till mitt konto"],
    "pl": ["Ile mam dni urlopu?", "Kto zatwierdza moje koszty podróży?", "gdzie jest nowa drukarka",
           "Czy mogę pracować z domu?", "jak zmienić hasło do mojego konta"],
    "cs": ["Kolik mám dnů dovolené?", "Kdo schvaluje mé cestovní náklady?", "kde je nová tiskárna",
           "Mohu pracovat z domova?", "jak si změním heslo ke svému účtu"],
    "tr": ["Kaç gün iznim var?", "Seyahat masraflarımı kim onaylıyor?", "yeni yazıcı nerede",
           "Evden çalışabilir miyim?", "hesabımın şifresini nasıl değiştiririm"],
    "fi": ["Kuinka monta lomapäivää minulla on?", "Kuka hyväksyy matkakuluni?", "missä uusi tulostin on",
           "Voinko tehdä töitä kotoa?", "miten vaihdan tilini salasanan"],
    "hu": ["Hány nap szabadságom van?", "Ki hagyja jóvá az útiköltségemet?", "hol van az új nyomtató",
           "Lehet otthonról dolgozni?", "hogyan változtatom meg a jelszavamat"],
    "ro": ["Câte zile de concediu am?", "Cine aprobă cheltuielile mele de călătorie?", "unde este imprimanta nouă",
           "Pot să lucrez de acasă?", "cum îmi schimb parola contului"],
    "ru": ["Сколько у меня дней отпуска?", "Кто утверждает мои командировочные?", "где новый принтер",
           "Можно ли работать из дома?", "как сменить пароль от учётной записи"],
    "uk": ["Скільки у мене днів відпустки?", "Хто затверджує мої витрати?", "де новий принтер",
           "Чи можна працювати з дому?", "як змінити пароль облікового запису"],
    "el": ["Πόσες μέρες άδεια έχω;", "Ποιος εγκρίνει τα έξοδά μου;"],
    "ja": ["有給休暇は何日ありますか？", "新しいプリンターはどこですか"],
    "zh": ["我有多少天年假？", "谁批准我的差旅费用"],
    "ko": ["휴가가 며칠 남았나요?", "새 프린터는 어디에 있나요"],
    "ar": ["كم يوم إجازة لدي؟"],
    "he": ["כמה ימי חופשה יש לי?"],
    "hi": ["मेरे पास कितनी छुट्टियाँ हैं?"],
    "th": ["ฉันมีวันลากี่วัน"],
}  # fmt: skip


def test_most_questions_are_recognised_and_hardly_one_is_taken_for_another_language() -> None:
    told = [(language_of(text), language, text) for language, texts in QUESTIONS.items() for text in texts]
    wrong = [entry for entry in told if entry[0] not in (entry[1], None)]
    right = [entry for entry in told if entry[0] == entry[1]]
    assert len(wrong) <= 0.03 * len(told), wrong
    assert len(right) >= 0.9 * len(told), [entry for entry in told if entry not in right]


@pytest.mark.parametrize("language", ["da", "no"])
def test_danish_and_norwegian_are_told_apart_where_their_words_differ(language: str) -> None:
    texts = {"da": "Hvad gør jeg, hvis jeg bliver syg?", "no": "Hva gjør jeg hvis jeg blir syk?"}
    assert language_of(texts[language]) == language


@pytest.mark.parametrize("text", ["", "E-4107", "VPN?", "42", "badge", "🙂", "Larkfield"])
def test_what_tells_nothing_is_of_no_language(text: str) -> None:
    assert language_of(text) is None


def test_names_in_another_script_do_not_decide() -> None:
    assert language_of("who is 王小明 and what does he do?") == "en"
