"""What small talk looks like in the main languages, and what is said to it.

A pattern must fit the whole of a message as `plugins.wording.plain` writes it. Words that may be a search by
themselves ("team", "many") stand in none alone.
"""


def _several(first: str, more: str = "", end: str = "") -> str:
    """One or more of `first`, with any of `more` behind it, and one of `end`."""
    any_ = f"{first}|{more}" if more else first
    return f"(?:{first})(?: (?:{any_}))*" + (f"(?: (?:{end}))?" if end else "")


PATTERNS: dict[str, dict[str, str]] = {
    "about": {
        "en": "help|(?:who|what) (?:are|r) (?:you|u)|what can (?:you|u) do(?: for me)?|"
        "how do you work|what do you know|are you (?:a |an )?(?:bot|robot|human|person|ai|real)(?: or (?:a )?\\w+)?|"
        "how can you help(?: me)?",
        "de": "hilfe|wer bist du|was kannst du(?: alles)?|bist du ein (?:bot|roboter|mensch)",
        "fr": "aide|qui (?:es tu|etes vous)|que (?:sais|peux) tu faire|que pouvez vous faire",
        "es": "ayuda|quien eres|que puedes hacer",
        "it": "aiuto|chi sei|cosa (?:sai|puoi) fare",
        "pt": "ajuda|quem es(?: tu)?|o que (?:sabes|podes) fazer",
        "nl": "hulp|wie ben (?:je|jij)|wat kan (?:je|jij)",
    },
    "thanks": {
        "en": _several(
            "ok|okay|great|perfect|cool|nice|awesome|super|lovely|brilliant|got it|many thanks|thanks?|thank you|"
            "thx|ty|cheers|"
            "that (?:helps|helped|worked)|very helpful|well done|good bot",
            "so much|a lot|very much",
        ),
        "de": _several("ok|super|prima|perfekt|alles klar|vielen dank|danke", "schon|sehr|dir|euch"),
        "fr": _several("ok|super|parfait|merci", "beaucoup|bien"),
        "es": _several("ok|vale|perfecto|muchas gracias|gracias"),
        "it": _several("ok|perfetto|grazie", "mille|tante"),
        "pt": _several("ok|perfeito|(?:muito )?obrigad[oa]"),
        "nl": _several("ok|prima|dank je(?: wel)?|dankjewel|bedankt"),
    },
    "greeting": {
        "en": _several(
            "hi|hello|hey|hiya|yo|greetings|good (?:morning|afternoon|evening|day)|morning",
            "all|team|everyone|everybody|there|folks|guys|again|bot|assistant|friend",
            "how are (?:you|u)(?: doing)?(?: today)?|hows it going|whats up|nice to meet you",
        ),
        "de": _several("hallo|hi|hey|moin|servus|guten (?:tag|morgen|abend)", "zusammen", "wie gehts?(?: dir)?"),
        "fr": _several("bonjour|bonsoir|salut|coucou", "a tous", "ca va|comment (?:ca va|vas tu)"),
        "es": _several("hola|buenos dias|buenas(?: tardes)?", "a todos", "que tal|como estas"),
        "it": _several("ciao|buongiorno|buonasera|salve", "a tutti", "come (?:stai|va)"),
        "pt": _several("ola|oi|bom dia|boa tarde", "a todos", "tudo bem"),
        "nl": _several("hoi|hallo|goedemorgen|goedemiddag|goedenavond", "allemaal", "hoe gaat het"),
    },
    "goodbye": {
        "en": _several(
            "bye|goodbye|see (?:you|ya)(?: later)?|have a (?:nice|good|great) (?:day|evening|weekend)|good night"
        ),
        "de": "tschuss|auf wiedersehen|bis (?:bald|dann|morgen)|schonen (?:tag|feierabend)(?: noch)?",
        "fr": "au revoir|a bientot|bonne (?:journee|soiree)",
        "es": "adios|hasta luego",
        "it": "arrivederci|a presto",
        "pt": "adeus|ate logo",
        "nl": "doei|tot ziens",
    },
    "off_topic": {
        "en": "(?:please )?(?:(?:can|could) you )?tell (?:me|us) (?:a|another) (?:joke|story)|sing (?:me )?a song|"
        "(?:write|make) (?:me )?a poem|(?:whats|what is|hows|how is) the weather(?: like)?(?: today| tomorrow)?|"
        "do you love me|(?:what is|whats) the meaning of life",
        "de": "erzahl(?:e)? (?:mir )?(?:einen|noch einen) witz|wie (?:ist|wird) das wetter(?: heute| morgen)?",
        "fr": "raconte(?: moi)? une blague|quel temps fait il(?: aujourdhui)?",
        "es": "cuentame un chiste|que tiempo hace(?: hoy)?",
        "it": "raccontami una barzelletta|che tempo fa(?: oggi)?",
        "pt": "conta(?: me)? uma piada",
        "nl": "vertel (?:me )?een (?:mop|grap)|wat voor weer is het(?: vandaag)?",
    },
}  # fmt: skip

SAID: dict[str, dict[str, str]] = {
    "en": {
        "about": "I am {name}. I answer questions from the company's own documents and say where it is written. "
        "Ask me as you would ask a colleague. Where the documents don't say, I name whom to ask: {contact}.",
        "thanks": "You're welcome.",
        "greeting": "Hello, I am {name}. What would you like to know?",
        "goodbye": "Goodbye.",
        "off_topic": "That is not in the company's documents, and they are all I know. What can I look up for you?",
    },
    "de": {
        "about": "Ich bin {name} und beantworte Fragen aus den Dokumenten der Firma, mit Quelle. Frag mich wie eine "
        "Kollegin. Wo die Dokumente nichts sagen, nenne ich, wer weiterhilft: {contact}.",
        "thanks": "Gern geschehen.",
        "greeting": "Hallo, ich bin {name}. Was möchtest du wissen?",
        "goodbye": "Bis bald.",
        "off_topic": "Das steht nicht in den Dokumenten der Firma, und nur die kenne ich. Was kann ich nachsehen?",
    },
    "fr": {
        "about": "Je suis {name}. Je réponds à partir des documents de l'entreprise et je cite la source. "
        "Si les documents ne disent rien, je nomme qui contacter : {contact}.",
        "thanks": "Avec plaisir.",
        "greeting": "Bonjour, je suis {name}. Que voulez-vous savoir ?",
        "goodbye": "À bientôt.",
        "off_topic": "Ce n'est pas dans les documents de l'entreprise, et je ne connais qu'eux. Que puis-je chercher ?",
    },
    "es": {
        "about": "Soy {name}. Respondo con los documentos de la empresa y cito la fuente. Si los documentos no lo "
        "dicen, nombro a quién preguntar: {contact}.",
        "thanks": "De nada.",
        "greeting": "Hola, soy {name}. ¿Qué quieres saber?",
        "goodbye": "Hasta luego.",
        "off_topic": "Eso no está en los documentos de la empresa, y solo conozco esos. ¿Qué puedo buscar?",
    },
    "it": {
        "about": "Sono {name}. Rispondo con i documenti dell'azienda e cito la fonte. Se i documenti non lo dicono, "
        "indico a chi chiedere: {contact}.",
        "thanks": "Prego.",
        "greeting": "Ciao, sono {name}. Che cosa vuoi sapere?",
        "goodbye": "A presto.",
        "off_topic": "Questo non è nei documenti dell'azienda, e conosco solo quelli. Che cosa posso cercare?",
    },
    "pt": {
        "about": "Sou {name}. Respondo com os documentos da empresa e cito a fonte. Se os documentos não o dizem, "
        "indico a quem perguntar: {contact}.",
        "thanks": "De nada.",
        "greeting": "Olá, sou {name}. O que quer saber?",
        "goodbye": "Até logo.",
        "off_topic": "Isso não está nos documentos da empresa, e só conheço esses. O que posso procurar?",
    },
    "nl": {
        "about": "Ik ben {name}. Ik antwoord uit de documenten van het bedrijf en noem de bron. Staat het er niet in, "
        "dan noem ik wie je kunt vragen: {contact}.",
        "thanks": "Graag gedaan.",
        "greeting": "Hallo, ik ben {name}. Wat wil je weten?",
        "goodbye": "Tot ziens.",
        "off_topic": "Dat staat niet in de documenten van het bedrijf, en andere ken ik niet. Wat kan ik opzoeken?",
    },
}
