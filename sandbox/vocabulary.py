"""The words that the catalogue's invented names and titles are made of; none names a real work."""

# ruff: noqa: RUF001 - letters that look alike are what these words are for

from typing import Final

GIVEN_NAMES: Final = (
    "Amélie", "Bastien", "Chloé", "Désiré", "Éloïse", "Félix", "Gaëlle", "Hugo", "Inès", "Joël",
    "Köksal", "Loïc", "Maëlys", "Noémie", "Océane", "Père", "Quentin", "Rémi", "Solène", "Théo",
    "Ursula", "Valérie", "Wojtek", "Xavière", "Yaël", "Zoé", "Ólafur", "Søren", "Łucja",
)  # fmt: skip

FAMILY_NAMES: Final = (
    "Aubépine", "Beaurivage", "Clairval", "Delacombe", "Esterel", "Fontbrune", "Grandval",
    "Hautbois", "Isnard", "Jonquières", "Kervadec", "Lavandou", "Montrêve", "Noirétable",
    "Orsinval", "Pontécoulant", "Quercy", "Rochebrune", "Sénéchal", "Tournesol", "Valombreuse",
)  # fmt: skip

GROUP_NOUNS: Final = (
    "Lanternes", "Cartographes", "Tramways", "Méduses", "Volcans", "Horlogers", "Marées",
    "Satellites", "Papillons", "Sémaphores", "Boussoles", "Harmonicas", "Nébuleuses", "Écluses",
)  # fmt: skip

GROUP_SHAPES: Final = (
    "{given} {family}", "{given} {family}", "{family} {given}", "{given} et les {noun}",
    "Les {noun} de {family}", "Quatuor {family}", "{family} & the {noun}", "Orchestre des {noun}",
    "{given} {family} Trio", "{noun} Électriques", "Ensemble {family}",
)  # fmt: skip

FOREIGN_ARTISTS: Final = (
    "夜明けの灯台", "雨音トリオ", "さくら機関車", "فرقة نجوم الصحراء", "صوت البحر",
    "Шестой Трамвай",
    "Ηχώ του Νησιού", "להקת הירח", "달빛 정거장", "आकाश गंगा बैंड", "🎷 Les Nuits 🎷", "🌊🌊🌊",
    "Ärzte ohne Töne", "Ağrı Yıldızı", "Đàn Gió", "O'Méara \"The Lamp\" Kelly", "AC\\Dé",
    "<b>Bold</b> & Sons", "e\u0301cho d\u00e9compos\u00e9", "Ⅷ Étage",
)  # fmt: skip

LABEL_SHAPES: Final = (
    "{family} Records", "Disques {family}", "Éditions {noun}", "{noun} Sonores", "Studio {given}",
    "{family} Musique", "La Maison des {noun}", "{given} & Cie",
)  # fmt: skip

FOREIGN_LABELS: Final = (
    "桜レコード", "دار النغم", "Полярная Звезда", "Δίσκοι Αιγαίο", "☀️ Soleil Disques", "별 레코드",
)  # fmt: skip

TITLE_STARTS: Final = (
    "Au bord", "Sous la lumière", "Chanson", "Nocturne", "Ballade", "Le silence", "Retour",
    "Lettre", "Danse", "Voyage", "Éclats", "Prélude", "Souvenir", "Marche", "Berceuse", "Échos",
    "Fragments", "Étude", "Rêverie", "Passage", "Blue Hour", "Night Train", "Paper Boats",
)  # fmt: skip

TITLE_ENDS: Final = (
    "du fleuve", "de l'été", "des oiseaux", "en hiver", "de minuit", "à la fenêtre", "du phare",
    "d'octobre", "sans paroles", "de la gare", "pour Zoé", "des sœurs", "à contre-cœur",
    "du canal", "(Live à l'Épicerie)", "[Remix]", "No. 7", "in D minor", "– Acte II", "n° 3",
)  # fmt: skip

FOREIGN_TITLES: Final = (
    "月の裏側の手紙", "雨のち晴れ", "رسالة إلى البحر", "ليل المدينة", "Песня о фонарях",
    "Τραγούδι της θάλασσας", "שיר של חול", "새벽의 노래", "बारिश की धुन", "🌙✨",
    "💿 Disque d'or 💿",
    "👩‍🎤 Scène", 'Ça "ira" \\ ça va', "A & B < C > D", "Nai\u0308ve", "Ligne\u2028brisée",
    "ﬁn de siècle", "İstanbul'da Sabah", "Ngày mưa",
)  # fmt: skip

GENRES: Final = (
    "Musique Classique : Musique Symphonique", "Musique Classique : Musique de Chambre",
    "Chanson : Chanson Française", "Électro : House", "Électro : Ambient", "Jazz : Be-bop",
    "Jazz : Manouche", "Rock : Indé", "Pop", "Hip-hop : Français", "Musiques du monde : Afrique",
    "Musiques du monde : Japon", "Jeunesse", "Reggae : Dub", "Bandes originales", "Folk", "Métal",
)  # fmt: skip
