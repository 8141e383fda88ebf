//! The declared list of options: reports, comparisons and settings iterate over it.

/// One option of a group `T`.
#[derive(Debug)]
pub struct OptionInfo<T: 'static> {
    /// The long flag without dashes, also its key in settings; `--` for trailing arguments.
    pub flag: &'static str,
    /// For readers: in reports, and where two runs differ.
    pub label: &'static str,
    /// The value for readers; `None` if it is not set.
    pub value: fn(&T) -> Option<String>,
    /// Whether a difference between two runs makes their figures hard to compare.
    pub affects_figures: bool,
    /// Whether environment variables and the settings file can set it.
    pub is_setting: bool,
}

impl<T> OptionInfo<T> {
    /// An option that affects figures and is not a setting.
    pub(super) const fn new(
        flag: &'static str,
        label: &'static str,
        value: fn(&T) -> Option<String>,
    ) -> Self {
        Self { flag, label, value, affects_figures: true, is_setting: false }
    }

    /// The same as a setting.
    pub(super) const fn setting(self) -> Self {
        Self { is_setting: true, ..self }
    }

    /// The same without an effect on figures.
    pub(super) const fn neutral(self) -> Self {
        Self { affects_figures: false, ..self }
    }
}

/// The value of one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionValue {
    /// See [`OptionInfo::flag`].
    pub flag: &'static str,
    /// See [`OptionInfo::label`].
    pub label: &'static str,
    /// See [`OptionInfo::value`].
    pub value: Option<String>,
    /// See [`OptionInfo::affects_figures`].
    pub affects_figures: bool,
}

/// The values of a group.
pub(super) fn values<T>(catalog: &'static [OptionInfo<T>], options: &T) -> Vec<OptionValue> {
    let value = |info: &OptionInfo<T>| OptionValue {
        flag: info.flag,
        label: info.label,
        value: (info.value)(options),
        affects_figures: info.affects_figures,
    };
    catalog.iter().map(value).collect()
}

pub(super) fn flag_value(is_set: bool) -> Option<String> {
    is_set.then(|| "yes".to_owned())
}

pub(super) fn joined<T: ToString>(items: impl IntoIterator<Item = T>) -> Option<String> {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    (!items.is_empty()).then(|| items.join(", "))
}
