//! Words that say what a place is rather than which: English, French, Portuguese and Spanish as registers of facilities write them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::kinds::Kind;

/// What a word of a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// An abbreviation that is a kind by itself: `CHP`.
    Kind(Kind),
    /// A word that is part of a kind: `health`, `post`.
    Part(Part),
    /// Which of several of one name it is: `North`, `New`.
    Side(Side),
    /// The grade of a facility: `regional`.
    Grade(&'static str),
    /// Who runs it: `government`.
    Owner(&'static str),
    /// A number in words or Roman figures.
    Number(u32),
    Saint,
    /// `of`, `de`: tells nothing.
    Filler,
}

/// Part of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Health,
    Centre,
    Post,
    Community,
    Mother,
    Unit,
    Base,
    Area,
    Zone,
    District,
}

/// Which of several of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    North,
    South,
    East,
    West,
    Central,
    Upper,
    Lower,
    New,
    Old,
    Great,
    Small,
    Urban,
    Rural,
}

const KINDS: &[(Kind, &str)] = &[
    (Kind::Hospital, "hospital hopital hospitalier hospitalar hosp hop hpl hptl chu chr chd hd hgr hgd dh gh rrh nrh"),
    (Kind::HealthCentre, "hc hcs cs csb csi csu cma cms csps cscom csref phc phcc phcu rhc hcentre hctr usb uscs"),
    (Kind::CommunityHealthCentre, "chc"),
    (Kind::HealthPost, "hp ps hpost posto hpst"),
    (Kind::CommunityHealthPost, "chp chps psc"),
    (Kind::MotherChildPost, "mchp pmi"),
    (Kind::Dispensary, "dispensary dispensaire dispensario disp dsp dispens"),
    (Kind::Clinic, "clinic clinique clinica clin cln cl cliniq polyclinic polyclinique policlinica"),
    (Kind::Maternity, "maternity maternite maternidade maternidad matern"),
    (Kind::Laboratory, "laboratory laboratoire laboratorio lab"),
    (Kind::Pharmacy, "pharmacy pharmacie farmacia drugstore"),
    (Kind::School, "school ecole escola escuela lycee college"),
    (Kind::Camp, "camp campement"),
    (Kind::Country, "country republic republique republica kingdom royaume"),
    (Kind::Region, "region regiao province provincia state etat estado governorate gouvernorat"),
    (Kind::District, "departement department departamento prefecture county cercle territoire territory raion woreda"),
    (
        Kind::Subdistrict,
        "chiefdom commune comuna ward subcounty subdistrict sousprefecture sector secteur arrondissement payam parish quartier canton circle",
    ),
    (Kind::Settlement, "town city village ville localite aldeia pueblo cidade ciudad vila"),
];

const PARTS: &[(Part, &str)] = &[
    (Part::Health, "health sante saude salud sanitaire sanitario sanitaria medical medico medicale hlth hlt hth"),
    (Part::Centre, "centre center centro ctr ctre cntr cent cen"),
    (Part::Post, "post poste puesto pst pto"),
    (Part::Community, "community communautaire comunitario comunitaria comm com communitaire"),
    (Part::Mother, "mch smi maternal maternelle child infantile mother mothers infantil materno enfant"),
    (Part::Unit, "unit unite unidade unidad facility formation"),
    (Part::Base, "base basic primary primaire primario primaria integre integree reference"),
    (Part::Area, "area aire"),
    (Part::Zone, "zone zona"),
    (Part::District, "district distrito dist"),
];

const SIDES: &[(Side, &str)] = &[
    (Side::North, "north northern nord norte"),
    (Side::South, "south southern sud sul sur"),
    (Side::East, "east eastern est leste este orientale oriental"),
    (Side::West, "west western ouest oeste occidentale occidental"),
    (Side::Central, "central centrale"),
    (Side::Upper, "upper haut haute alto alta"),
    (Side::Lower, "lower bas basse baixo baixa bajo baja"),
    (Side::New, "new nouveau nouvelle nouvel novo nova nuevo nueva"),
    (Side::Old, "old ancien ancienne vieux vieille velho velha viejo vieja antigo antiguo"),
    (Side::Great, "great greater big grand grande gran"),
    (Side::Small, "small little petit petite pequeno pequena pequeno"),
    (Side::Urban, "urban urbain urbaine urbano urbana"),
    (Side::Rural, "rural rurale"),
];

const GRADES: &[(&str, &str)] = &[
    ("regional", "regional regionale reg provincial provinciale"),
    ("general", "general generale geral"),
    ("referral", "referral ref"),
    ("teaching", "teaching university universitaire universitario"),
    ("national", "national nationale nacional"),
];

const OWNERS: &[(&str, &str)] = &[
    ("government", "government govt gov gvt goverment gouvernement public publique"),
    ("mission", "mission missao mision"),
    ("catholic", "catholic catholique catolica catolico"),
    ("islamic", "islamic islamique islamica"),
    ("private", "private prive privee privado"),
    ("baptist", "baptist baptiste"),
    ("methodist", "methodist methodiste umc"),
    ("adventist", "adventist adventiste sda"),
];

const NUMBERS: &[(u32, &str)] = &[
    (1, "i one premier primeiro primero"),
    (2, "ii two deux second segundo"),
    (3, "iii three trois tercero terceiro"),
    (4, "iv four quatre quatro cuatro"),
    (5, "v five cinq cinco"),
    (6, "vi six seis"),
    (7, "vii seven sept sete siete"),
    (8, "viii eight huit oito ocho"),
    (9, "ix nine neuf nove nueve"),
    (10, "x ten dix dez diez"),
    (11, "xi"),
    (12, "xii"),
];

const SAINTS: &str = "st saint sainte ste sao santo santa san sta sto";
const FILLERS: &str = "of de du des la le les l d do da dos das del el al the and et e y a au aux en in at no num numero nr pour por para for administrativo administrativa administrative admin";

/// Saints that each language calls by another name; the first word stands for all.
const GIVEN: &[&str] = &[
    "mary marie maria marys",
    "john jean joao juan johns",
    "joseph jose josephs",
    "peter pierre pedro peters",
    "paul paulo pablo pauls",
    "james jacques tiago santiago",
    "luke luc lucas lucia lukes",
    "mark marc marcos marks",
    "matthew mathieu mateus mateo",
    "anne anna ana",
    "anthony antoine antonio",
    "michael michel miguel michaels",
    "francis francois francisco",
    "theresa therese teresa",
    "elizabeth elisabeth isabel",
    "martin martinho",
    "andrew andre andres",
    "thomas tomas tome",
    "philip philippe filipe felipe",
    "stephen etienne estevao esteban",
    "catherine catarina catalina",
    "augustine augustin agostinho agustin",
    "vincent vicente",
    "george georges jorge",
    "charles carlos",
    "lawrence laurent lourenco lorenzo",
];

static VOCABULARY: LazyLock<HashMap<&'static str, Word>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    let mut put = |text: &'static str, word: Word| {
        for one in text.split(' ') {
            words.entry(one).or_insert(word);
        }
    };
    for (kind, text) in KINDS {
        put(text, Word::Kind(*kind));
    }
    for (part, text) in PARTS {
        put(text, Word::Part(*part));
    }
    for (side, text) in SIDES {
        put(text, Word::Side(*side));
    }
    for (grade, text) in GRADES {
        put(text, Word::Grade(grade));
    }
    for (owner, text) in OWNERS {
        put(text, Word::Owner(owner));
    }
    for (number, text) in NUMBERS {
        put(text, Word::Number(*number));
    }
    put(SAINTS, Word::Saint);
    put(FILLERS, Word::Filler);
    words
});

/// Long words of kinds, which are known also with a slip of the pen.
static LONG: LazyLock<Vec<(&'static str, Word)>> = LazyLock::new(|| {
    let known = |word: &Word| matches!(word, Word::Kind(_) | Word::Part(_));
    let mut long: Vec<_> =
        VOCABULARY.iter().filter(|(text, word)| text.len() >= 6 && known(word)).map(|(text, word)| (*text, *word)).collect();
    long.sort_unstable_by_key(|(text, _)| *text);
    long
});

static NAMESAKES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let each = GIVEN.iter().flat_map(|line| line.split(' ').map(|word| (word, line.split(' ').next().unwrap_or(word))));
    each.collect()
});

/// What a word is; `None`: part of the name.
pub(super) fn word(text: &str) -> Option<Word> {
    if let Some(word) = VOCABULARY.get(text) {
        return Some(*word);
    }
    if text.len() < 5 {
        return None;
    }
    // The first letter is hardly ever wrong, and keeps names of villages from being taken for kinds.
    let near = |known: &str| {
        known.as_bytes()[0] == text.as_bytes()[0] && known.len().abs_diff(text.len()) <= 1 && strsim::osa_distance(known, text) <= 1
    };
    LONG.iter().find(|(known, _)| near(known)).map(|(_, word)| *word)
}

/// Whether a word is an abbreviation of a kind.
pub(super) fn is_abbreviation(text: &str) -> bool {
    matches!(VOCABULARY.get(text), Some(Word::Kind(_)))
}

/// One spelling for a saint's name in all languages.
pub(super) fn namesake(text: &str) -> &str {
    NAMESAKES.get(text).copied().unwrap_or(text)
}
