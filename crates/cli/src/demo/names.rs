//! Names that were made up, with the letters that make trouble: accents, apostrophes, hyphens, spaces.

/// First names of women.
pub const WOMEN: [&str; 32] = [
    "Amalwe", "Benika", "Céloma", "Dariyé", "Eshwena", "Falomi", "Ginandé", "Hasseli", "Idowena", "Jalimé", "Kesiwa", "Lunagé", "Marobi", "N'Dalia", "Orishé",
    "Palesha", "Quimbé", "Rosawé", "Sindara", "Tamuné", "Ulwazi-Mé", "Vérondi", "Wamula", "Xolané", "Yabisa", "Zémarie", "Adissa", "Balkwé", "Chiyona",
    "Elimara", "Nayélo", "Sorawen",
];

/// First names of men.
pub const MEN: [&str; 32] = [
    "Abiram", "Bokarel", "Cheniko", "Dagoumé", "Ekandro", "Faziru", "Goronel", "Hambisé", "Ibranto", "Jokulu", "Kaméso", "Lobarik", "Mandiko", "N'Gorané",
    "Olufar", "Pembiso", "Quorané", "Ravundi", "Salomir", "Tchabo", "Umaréli", "Vakundé", "Wolané", "Xandiru", "Yorobé", "Zakumba", "Alwito", "Bomaru",
    "Dosséban", "Kirundo", "Mosséla", "Tavuné",
];

/// Family names.
pub const FAMILIES: [&str; 40] = [
    "Abalindé", "Barukesh", "Cissokari", "Dembalwa", "Embouné", "Fonguré", "Gbarisso", "Halumbé", "Issandou", "Jawolé", "Kamburi", "Lissouré", "Mbelwani",
    "N'Zarilo", "Okandjé", "Poulassé", "Quansiwé", "Rukandi", "Sambolé", "Tondewa", "Urabinzé", "Vouliwé", "Wandjuré", "Xhosandé", "Yalumbo", "Zinsourou",
    "Ba-Loumé", "Coulwari", "D'Almassé", "El Naruwé", "Faye-Dori", "Gomézou", "Ilunkari", "Jallobé", "Kpowiri", "Maïrandé", "Niangoli", "Ouédrawi",
    "Sow'ani", "Traorindé",
];

/// First syllables of places.
pub const PLACE_FIRST: [&str; 16] = ["Ba", "Do", "Fa", "Go", "Ka", "Lu", "Ma", "N'Do", "Pé", "Ru", "Sa", "Té", "Vu", "Wa", "Yo", "Zi"];
/// What comes between.
pub const PLACE_MIDDLE: [&str; 8] = ["la", "ri", "mo", "ndi", "zé", "ku", "sso", "mba"];
/// Last syllables of places.
pub const PLACE_LAST: [&str; 8] = ["ni", "ro", "wé", "ba", "ta", "li", "dou", "ma"];
