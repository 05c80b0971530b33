"""Terms of the W3C Data Privacy Vocabulary 2, which the policy and the register speak.

Source: https://w3id.org/dpv (core), https://w3id.org/dpv/pd (personal data), https://w3id.org/dpv/legal/eu/gdpr.
"""

from vasistas.guard.policy.model import Basis, Role

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "loc": "https://w3id.org/dpv/loc#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def _terms(names: str) -> frozenset[str]:
    return frozenset(names.split())


PERSONAL_DATA = _terms(
    """
    AgeRange Age AuthenticationHistory Authenticating BankAccount Behavioral BirthDate BrowserFingerprint
    BrowserHistory BrowsingBehavior BrowsingReferral Communication CommunicationsMetadata Connection Contact Country
    DeviceBased DeviceOperatingSystem DeviceSoftware DisciplinaryAction EmailAddress EmailContent FacialPrint Favorite
    Financial FinancialAccount FinancialAccountNumber FinancialStatus Gender GroupMembership Historical Identifier
    Identifying Income IndividualProfile Insurance Intention Interaction Interest IPAddress Job Language Like
    LinkClicked Location Name Nationality OfficialID Opinion Passport Password PaymentCard PersonalDocuments
    PhysicalAddress PhysicalCharacteristic Picture Preference PrivacyPreference Professional ProfessionalCertification
    Profile PubliclyAvailableSocialMedia Purchase PurchasesAndSpendingHabit Sale SecretText ServiceConsumptionBehavior
    Sexual SexualPreference Social SocialMediaCommunication SocialNetwork Tax TelephoneNumber Tracking Transaction
    Transactional UID UserAgent Username VoiceCommunicationRecording WorkHistory
    """
)

PURPOSES = _terms(
    """
    AccountManagement Advertising AgeVerification CommunicationForCustomerCare CommunicationManagement
    CounterMoneyLaundering CustomerCare CustomerClaimsManagement DirectMarketing DisputeManagement
    EnforceAccessControl EnforceSecurity EstablishContractualAgreement FraudPreventionAndDetection
    FulfilmentOfContractualObligation FulfilmentOfObligation IdentityAuthentication IdentityVerification
    IncreaseServiceRobustness LegalCompliance Marketing MisusePreventionAndDetection OptimisationForConsumer
    OrganisationComplianceManagement OrganisationGovernance PaymentManagement Personalisation
    ProvidePersonalisedRecommendations Purpose RecordManagement RepairImpairments RequestedServiceProvision
    RightsFulfillment SearchFunctionalities ServiceOptimisation ServiceProvision ServiceRegistration
    ServiceUsageAnalytics TechnicalServiceProvision VendorManagement VendorPayment VendorRecordsManagement Verification
    """
)

SUBJECTS = _terms(
    "Adult Child Client Consumer Customer DataSubject Employee Member Participant Subscriber User Visitor"
)

MEASURES = _terms(
    """
    AccessControlMethod ActivityMonitoring Anonymisation AuthenticationProtocols AuthorisationProtocols
    CryptographicKeyManagement CryptographicMethods DataBackupProtocols Deidentification DigitalSignatures
    EncryptionAtRest EncryptionInTransfer HashFunctions HashMessageAuthenticationCode InformationFlowControl
    MultiFactorAuthentication PasswordAuthentication Pseudonymisation TechnicalMeasure
    """
)

BASES = {
    Basis.CONSENT: "eu-gdpr:A6-1-a",
    Basis.CONTRACT: "eu-gdpr:A6-1-b",
    Basis.LEGAL_OBLIGATION: "eu-gdpr:A6-1-c",
    Basis.LEGITIMATE_INTEREST: "eu-gdpr:A6-1-f",
}

RECIPIENTS = {
    Role.PROCESSOR: "dpv:DataProcessor",
    Role.CONTROLLER: "dpv:ThirdParty",
    Role.AUTHORITY: "dpv:Authority",
}
