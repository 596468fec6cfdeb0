//! Words of generated rules: names of programs, paths, images and the like, from an own random sequence.
//!
//! What must hold: the same seed gives the same words on every machine and in every version; a word of a given
//! index is always the same one, and different indices give different words. No real program, file or image has
//! such a name, so that a test against one does not hold on recorded captures.

/// Beginnings of syllables, and their ends: none of the words they make is one of a real system.
const ONSETS: [&str; 16] =
    ["zv", "qu", "vr", "xo", "kz", "dj", "gw", "bv", "ph", "tz", "mj", "lh", "wr", "nq", "sk", "fj"];
const RIMES: [&str; 16] =
    ["ax", "ebo", "ird", "ol", "uq", "yn", "aph", "ekt", "ilm", "orv", "uth", "ysk", "anj", "eiv", "ouz", "ark"];

/// Random numbers: SplitMix64.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        // The high half is scaled; the error of 2^-32 does not matter here.
        ((u64::from(self.next() as u32) * u64::from(bound)) >> 32) as u32
    }

    /// A number from `least` to `most`.
    pub(super) fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most - least + 1)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, share: u32) -> bool {
        self.below(100) < share
    }

    /// A number below `bound`, small ones more often: some names are in many rules, most in one or two.
    pub(super) fn skewed(&mut self, bound: u32) -> u32 {
        let (a, b) = (self.below(bound), self.below(bound));
        (u64::from(a) * u64::from(b) / u64::from(bound)) as u32
    }

    /// One of a table by its weights, which are not all 0.
    pub(super) fn weighted<'t, T>(&mut self, table: &'t [T], weight: impl Fn(&T) -> u32) -> &'t T {
        let mut left = self.below(table.iter().map(&weight).sum());
        let found = table.iter().find(|row| match left.checked_sub(weight(row)) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        found.unwrap_or(&table[0])
    }

    /// One of a table.
    pub(super) fn choose<'t, T>(&mut self, table: &'t [T]) -> &'t T {
        &table[self.below(table.len() as u32) as usize]
    }
}

/// The word of an index: two syllables and, from 65,536 on, more.
pub(super) fn word(index: u32) -> String {
    // Neighbours share no beginning: an odd factor permutes the 16 bits that choose the first two syllables.
    let first = (index & 0xffff).wrapping_mul(0x9E3B) & 0xffff;
    let mut word = syllable(first % 256) + &syllable(first / 256);
    let mut rest = index >> 16;
    while rest > 0 {
        word += &syllable((rest - 1) % 256);
        rest = (rest - 1) / 256;
    }
    word
}

/// No end of a syllable begins another one, so words of different syllables differ.
fn syllable(form: u32) -> String {
    format!("{}{}", ONSETS[form as usize / 16], RIMES[form as usize % 16])
}

/// Names of programs: a word, often with an ending such as `-ctl`; cut to 15 bytes, as the kernel does.
pub(super) fn program(random: &mut Random) -> String {
    const ENDINGS: [&str; 8] = ["", "", "", "d", "-ctl", "-agent", "-cli", ".sh"];
    let index = random.skewed(PROGRAMS);
    let mut name = word(index) + ENDINGS[index as usize % ENDINGS.len()];
    name.truncate(15);
    name
}

/// Distinct names of programs.
const PROGRAMS: u32 = 20_000;
/// Distinct names of folders and files.
const SEGMENTS: u32 = 30_000;
/// Distinct names of images.
const IMAGES: u32 = 8_000;

/// A name of a folder or file.
pub(super) fn segment(random: &mut Random) -> String {
    word(PROGRAMS + random.skewed(SEGMENTS))
}

/// An image without its registry.
pub(super) fn image(random: &mut Random) -> String {
    let index = PROGRAMS + SEGMENTS + random.skewed(IMAGES);
    format!("{}/{}", word(index / 16), word(index))
}

/// The first folder of a path and its share, as counted over the paths in conditions of the upstream files.
const ROOTS: [(u32, &str); 14] = [
    (145, "/etc"),
    (45, "/root"),
    (17, "/dev"),
    (16, "/usr/lib"),
    (8, "/usr/share"),
    (8, "/usr/local"),
    (8, "/var/lib"),
    (8, "/var/run"),
    (7, "/home"),
    (5, "/bin"),
    (5, "/sbin"),
    (5, "/proc"),
    (8, "/opt"),
    (3, "/run"),
];

/// A folder, without a slash at the end.
pub(super) fn folder(random: &mut Random) -> String {
    let (_, root) = *random.weighted(&ROOTS, |row| row.0);
    let mut path = format!("{root}/{}", segment(random));
    if random.percent(35) {
        path = format!("{path}/{}", segment(random));
    }
    path
}

/// A whole name of a file.
pub(super) fn file(random: &mut Random) -> String {
    const ENDINGS: [&str; 6] = ["", "", ".conf", ".log", ".json", ".d"];
    format!("{}/{}{}", folder(random), segment(random), random.choose(&ENDINGS))
}
